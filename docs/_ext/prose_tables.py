"""Tables whose cells hold sentences: on a phone the style sheet makes a list of their rows.

They get the class "prose", and every cell but the first of a row begins with the name of its column,
which is shown where the head of the table is not.
"""

from docutils import nodes

LONG = 30  # characters: two such cells do not stand side by side on 390 pixels


def mark(app, doctree):
    for table in doctree.findall(nodes.table):
        if any(is_long([cell.astext() for cell in row]) for row in table.findall(nodes.row)):
            table["classes"].append("prose")
            name_cells(table)


def is_long(texts):
    return sum(len(text) > LONG for text in texts) > 1 or sum(map(len, texts)) > 3 * LONG


def name_cells(table):
    for head, body in zip(table.findall(nodes.thead), table.findall(nodes.tbody), strict=False):
        names = [cell.astext() for cell in head[0]]
        for row in body:
            for name, cell in list(zip(names, row, strict=False))[1:]:
                paragraph = next(cell.findall(nodes.paragraph), None)
                if name and paragraph is not None:
                    paragraph.insert(0, nodes.inline("", f"{name}: ", classes=["column-name"]))


def setup(app):
    app.connect("doctree-read", mark)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
