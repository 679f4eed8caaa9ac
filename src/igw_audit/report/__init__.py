"""A record as pages for people: templates, charts and words in Dutch and English."""

from igw_audit.report.counts import funnel_page
from igw_audit.report.pages import PAGES, Pages, render_card, render_pages
from igw_audit.report.yields import yield_sentence

__all__ = ["PAGES", "Pages", "funnel_page", "render_card", "render_pages", "yield_sentence"]
