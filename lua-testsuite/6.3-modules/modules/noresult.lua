loaded_noresult = (loaded_noresult or 0) + 1
