"""Show the Pareto front of a study or of somebody's table, change the question, pick a point."""

from bort.ui.front import own_table, showing
from bort.ui.front import study as front_study
from bort.ui.kit import address, frame, markup

with frame.page("Pareto front") as beside_title:
    if address.table() is not None:
        own = own_table.find()
        if own is not None:
            with beside_title:
                own_table.head(own)
            showing.show_table(own)
    else:
        study, studies = front_study.find()
        with beside_title:
            front_study.choose(study, studies)
        if study is not None:
            if study.evaluation_count:
                showing.show_study(study)
            else:
                markup.notice("This study has not trained anything yet. Its front will grow here.")
            front_study.follow(study)
            front_study.offer_deletion(study)
