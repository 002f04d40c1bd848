"""How the tables came to be, one step per file in `versions`; a database made today starts at the last one."""
