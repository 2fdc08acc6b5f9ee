"""What people see in a browser: HTML rendered here, one stylesheet, small scripts; all as files, from nowhere else."""
