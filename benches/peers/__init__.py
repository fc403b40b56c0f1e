"""Moss beside its peers in one run on one machine: ``scripts/bench-peers`` says how it is called.

Each subject is a module with a ``measure`` that gives a :class:`~peers.results.Results`: text to vector (``embed``),
documents to vectors (``documents``), vector search (``search``) and the whole query (``query``). What is compared is in
``encoders`` and ``engines``; ``report`` and ``plots`` write the page. Every subject runs in a process of its own, whose
threads and CPUs are fixed before anything is imported.
"""
