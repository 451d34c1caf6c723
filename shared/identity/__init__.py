"""Who is who: tracks of one or many cameras become subjects. numpy in, numpy out."""
