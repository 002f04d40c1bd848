"""Why a request was answered as it was, in sentences for the person at the terminal."""
