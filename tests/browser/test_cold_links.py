"""A direct link to a page as the first request to a freshly started dashboard.

The stories of a search, of the view in space and of mistakes begin with one too.
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
