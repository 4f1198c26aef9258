"""One lesson, `?lesson=`."""

from bort.ui.kit import frame
from bort.ui.learn import lesson

one = lesson.chosen()
with frame.page(one.title, lead=one.answers):
    lesson.show(one)
