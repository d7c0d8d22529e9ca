"""A language model that answers from the table `titanic`, by queries that ran and that everybody can see."""
