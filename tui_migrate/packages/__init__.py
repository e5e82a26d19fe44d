"""Packages: a migration on disk.

A native package is a folder that MongoDB's `mongorestore --gzip` can restore as it is, plus `manifest.json`, which is
written last and names every other byte. Layers, each knowing only those before it: `files` (durable file operations),
`layout` (where what lies), `members` (gzip members), `metadata`, `manifest`, `digest`, then `writer`, `reader` and
`check`.
"""
