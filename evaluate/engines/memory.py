"""Has memory run out?"""

from __future__ import annotations


def ran_out(error: BaseException) -> bool:
    """Return whether an error says that a device, or the machine, has no memory left.

    GPUs raise ``torch.OutOfMemoryError``; the allocator for CPUs raises a plain RuntimeError.

    >>> ran_out(RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 80000000000 bytes."))
    True
    >>> ran_out(RuntimeError("shape mismatch"))
    False
    """
    import torch
    from accelerate.utils.memory import should_reduce_batch_size

    if isinstance(error, torch.OutOfMemoryError):
        return True
    on_windows = "not enough memory" in str(error)
    return isinstance(error, RuntimeError) and (should_reduce_batch_size(error) or on_windows)
