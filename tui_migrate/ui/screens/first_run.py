"""What Home shows before there is any run: the ways to begin."""

from typing import Final

from tui_migrate.connections import load
from tui_migrate.demo.headless import SOURCE, TARGET
from tui_migrate.demo.place import DemoPlace
from tui_migrate.demo.sample.definitions import DATABASE
