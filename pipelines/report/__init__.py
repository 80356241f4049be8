"""The report: a folder of plain pages per audience, in Dutch and English, that opens from a disk.

    report/<audience>/index.html              to the pages in the language of the organisation
    report/<audience>/nl/, en/                first page, layers, KPI tree, alerts, sources
    report/<audience>/nl/kpi/<kpi>/<unit>.html
    report/<audience>/shared/                 style, scripts, and Vega to draw the charts

It reads the audience's publication, so what that hides is not here either, and of the alert ledger
what is about the same KPIs and units. The flow: `facts` and `ledger` read, `telling` puts figures
into words, `first`, `layers`, `kpi_page`, `tree` and `lists` say what stands on a page, the
templates how, and `making` writes the folder and puts it in the place of the old one.
"""
