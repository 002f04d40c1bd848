"""Cases of a certification: read, judged by what the host saw, and reported. Who runs them is `app.certification`."""
