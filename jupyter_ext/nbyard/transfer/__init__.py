"""Move files into and out of the store: uploads, fetching by URL, code bundles, and links to
datasets.
"""
