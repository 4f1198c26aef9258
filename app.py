"""The dashboard: `bort app`, or `streamlit run app.py`."""

from bort.ui import frame, navigation

frame.settings()
navigation.run()
