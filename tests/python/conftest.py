"""Lets the tests import the modules beside them, from whichever directory pytest was started."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.dont_write_bytecode = True
