"""The dashboard: `bort app`, or `streamlit run app.py`."""

from bort.ui.kit import frame, navigation

frame.settings()
navigation.run()
