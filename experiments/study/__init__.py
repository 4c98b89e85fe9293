"""What is to be computed and how it is to be seen: study files, read and checked."""
