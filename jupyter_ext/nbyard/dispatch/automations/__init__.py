"""Find due times and events of automations, record each as a firing, and create their runs."""
