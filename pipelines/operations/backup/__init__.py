"""Backups of a home: folders of plain files, each whole by itself, whose unchanged files are hard
links to those of the backup before.

    <destination>/koers-backups.json            says what this folder is
    <destination>/<backup_id>/manifest.json     what is in the backup, with checksums
    <destination>/<backup_id>/home/...          the files, as they lay in the home
    <destination>/.making-<backup_id>/          one that is being made, or was broken off

A backup is made under a hidden name and gets its own by one rename, so one that has its name is
whole. What was landed is copied once; after that a backup costs what is new.
"""
