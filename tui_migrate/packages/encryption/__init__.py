"""Packages under encryption: age files, and the AES-256-GCM files of Second Brain Database.

Reading puts a layer between a file and the reader of its form: `layer.opened` gives the content decrypted, in memory
alone. Writing puts one between a writer and where its bytes go: `sink.encrypting_sink`. What is decrypted is never
written to a disk here, and a key or a passphrase never stands in a message.
"""
