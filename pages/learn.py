"""All lessons: what each answers, how long it takes, what one should know."""

from bort.ui.kit import frame
from bort.ui.learn import overview

LEAD = (
    "Short lessons on the real algorithms. Each begins with a picture to touch, and every number "
    "in it comes from the code that the search and Agora use."
)

with frame.page("Learn", lead=LEAD):
    overview.show()
