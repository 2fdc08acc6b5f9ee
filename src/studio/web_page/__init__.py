"""What people see in a browser: plain HTML, CSS and a little JavaScript, as files, from nowhere else."""
