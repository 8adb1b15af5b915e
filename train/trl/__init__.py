"""Everything that knows TRL's insides and may break with its next release; below is all that there is of it.

``tests/train/trl/test_contract.py`` holds this page against the installed libraries, and against the source of this
folder. Whoever raises the upper bound of trl in ``pyproject.toml`` runs it first, then the other tests.

Overridden, in ``trainer.py``:

- `trl.GRPOTrainer.train(resume_from_checkpoint, trial, ignore_keys_for_eval)`: notes the epoch that is resumed
- `trl.GRPOTrainer._get_train_sampler(dataset)`: asks the prompts of a later epoch in that epoch's order
- `trl.GRPOTrainer._prepare_inputs(generation_batch)`: once a generation batch, even if a part of it is done again
- `trl.GRPOTrainer._generate_and_score_completions(inputs)`: without any dropout; tests the first batch
- `trl.GRPOTrainer._generate_single_turn(prompt_ids, images, multimodal_fields, num_generations, has_tool_images)`: in
  chunks, with the adapter merged
- `trl.GRPOTrainer._get_per_token_logps_and_entropies(model, input_ids, attention_mask, logits_to_keep, batch_size,
  ...)`: in smaller chunks where memory runs out
- `trl.GRPOTrainer.training_step(model, inputs, num_items_in_batch)`: a micro-batch part by part
- `trl.GRPOTrainer._save_checkpoint(model, trial)`: whole or not at all

Called, past what TRL documents:

- `transformers.Trainer.log(logs, start_time)`: TRL's own would take the figures of the training step with it
- `transformers.Trainer._load_from_checkpoint(resume_from_checkpoint, model)`: a run that was killed after its last step
- `trl.models.utils.unwrap_model_for_generation(model, accelerator, gather_deepspeed3_params, generation_kwargs,
  gradient_checkpointing_kwargs)`: the model as TRL generates with it, for held-out questions and the self-test
- `trl.distributed.DistributedBackend.summon_full_params(module, ...)`: likewise
- `trl.trainer.utils.split_tensor_dict(tensor_dict, num_chunks)`: a micro-batch in parts

Read or set, attributes of the trainer:

- `trl.GRPOTrainer._buffered_inputs`: the micro-batches of a generation batch; replaced by parts of them
- `trl.GRPOTrainer._step`: counts micro-batches; counts parts from the time that they are cut
- `trl.GRPOTrainer.current_gradient_accumulation_steps`: what a loss is divided by; multiplied by the parts
- `trl.GRPOTrainer._entropy_bonus_enabled`: the loss depends on which completions share a micro-batch
- `trl.GRPOTrainer.loss_type`: likewise
- `trl.GRPOTrainer.top_entropy_quantile`: likewise
- `trl.GRPOTrainer.aux_loss_enabled`: likewise
- `trl.GRPOTrainer.use_vllm`: nothing is cut or merged then
- `trl.GRPOTrainer.use_transformers_continuous_batching`: likewise
- `trl.GRPOTrainer.is_deepspeed_enabled`: likewise
- `trl.GRPOTrainer.is_fsdp_enabled`: likewise
- `trl.GRPOTrainer.model_wrapped`: the model for held-out questions and the self-test
- `trl.GRPOTrainer.temperature`: what the loss divides logits by

Read besides:

- `transformers.integrations.integration_utils.INTEGRATION_TO_CALLBACK`: the services of ``report_to``
- the source of ``TrainingArguments``, ``_BaseConfig`` and ``GRPOConfig`` (``fields.py``): their fields and types
- a generation batch's "prompt_ids", "prompt_mask", "completion_ids", "completion_mask", and with vLLM
  "sampling_per_token_logps" and "old_per_token_logps" (``self_test.py``)
- ``neftune_noise_alpha`` of a module that adds noise (``noise.py``)
- figures of TRL's logs (``callbacks.py``): "reward", "rewards/NAME/mean", "completions/clipped_ratio",
  "frac_reward_zero_std", "grad_norm"
"""
