"""What the commands do, a file per command: imported when one runs, so that ``--help`` starts without its libraries."""
