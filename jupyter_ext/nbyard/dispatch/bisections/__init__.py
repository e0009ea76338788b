"""What happens to bisections: one probe at a time, each a scratch run."""
