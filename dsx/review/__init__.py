"""Review: a run's values beside the pages that they come from, for people to decide on.

attention  what in a value asks for a person's eyes
sources    where the papers of a run are, and the pages of one
words      the words of a page and their boxes, in a short form
contents   a run as the page's data
html       the page: one file that needs nothing else
server     the same page from this machine, for decisions that are written at once
"""

from dsx.review.contents import ReviewContents, open_review
from dsx.review.html import check_page, review_page, write_page
from dsx.review.server import ReviewServer

__all__ = ["ReviewContents", "ReviewServer", "check_page", "open_review", "review_page", "write_page"]
