"""The check of this project: steps (`plan`), parts of it (`chosen`, `affected`, `graph`), steps run
side by side (`running`), and reports (`results`)."""
