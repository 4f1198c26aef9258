"""Links straight to a page are the first thing that a freshly started dashboard hears.

Other stories begin with such a link: that of a search, that in space, and that of mistakes.
"""

import pytest
from dashboard import serving, store_url
from made_up_study import fill

from bort.storage import open_store

pytestmark = pytest.mark.browser


def test_home(tmp_path, visit):
    with open_store(store_url(tmp_path)) as store:
        fill(store, "made-up", budget=16)
    with serving(tmp_path) as address, visit(address) as reader:
        reader.open_first("/", "Small models, chosen with a certificate", charts=1)
