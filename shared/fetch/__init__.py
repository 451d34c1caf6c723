"""Videos from elsewhere. What a user names, and whoever answers there, is not trusted."""
