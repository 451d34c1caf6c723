"""The truth: tables, the session around them, and one repository for each subject."""
