"""The app in a browser: a small server that starts one app for each page, and the app's end of it."""
