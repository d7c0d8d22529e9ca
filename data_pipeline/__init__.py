"""The data layer: get the Titanic passenger table, check it, convert it to SQLite and publish it.

Knows nothing of LLMs or Streamlit. Start reading at `titanic_pipeline.py`, the flow; the contract with
every reader of the table is `table.py`.
"""
