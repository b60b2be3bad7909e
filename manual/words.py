"""What names of the library look like in a page: functions, constants, types, parameters, headers."""
import re

import roff

_TOKEN = re.compile(r"`(?P<quoted>[^`]+)`|(?<![\w*])\*(?P<stressed>\w+)\*(?![\w*])"
                    r"|(?P<star>\*?)\b(?P<word>[A-Za-z]\w*(?:\.(?:h|c)\b|(?:\.\w+)+(?=\W|$))?)(?P<calls>\(\))?"
                    r"|(?P<option>--[a-z][a-z-]*)")


class Names:
    """All names of the headers, and the page that each is on."""

    def __init__(self, headers, pages):
        """pages: a dictionary of the page of each header, {"queue": "batch_queue"}."""
        self.pages, self.functions, self.constants, self.types = pages, {}, set(), {}
        for header in headers:
            for d in header.declarations:
                self._add(d, pages[header.name])

    def _add(self, d, page):
        if d.kind == "function":
            self.functions[d.name] = page
        elif d.kind == "macro":
            self.constants.add(d.name.split("(")[0])
        elif d.kind != "note":
            self.types[d.name] = page
        if d.kind == "enum":
            self.constants.update(field.name for field in d.fields)

    def mentioned(self, text):
        """The pages whose functions, types or headers a text names."""
        found = set()
        for word in re.findall(r"\w+(?:\.h\b)?", text):
            page = self.functions.get(word) or self.types.get(word)
            if word.endswith(".h"):
                page = self.pages.get(word[:-2])
            found.add(page)
        return found - {None}


class Writer:
    """Writes text of a page, with the names in it in their fonts. What roff's is, is below; for another form of pages the
    methods without a _ are others."""

    def __init__(self, names, page, parameters=()):
        self.names, self.page, self.parameters = names, page, set(parameters)

    def with_parameters(self, parameters):
        return type(self)(self.names, self.page, parameters)

    def plain(self, text):
        return roff.escape(text)

    def stressed(self, text):
        return roff.italic(text)

    def typed(self, text):
        return roff.bold(text)

    def function(self, name, calls):
        """calls: whether () belongs behind it: not where arguments are given."""
        if not calls:
            return roff.bold(name)
        return roff.bold(name) + ("()" if self.names.functions[name] == self.page else "(3)")

    def header(self, name):
        return roff.bold(self.names.pages[name]) + "(3)"

    def constant(self, name):
        return roff.bold(name)

    def type(self, name):
        """A type, or a field of one: "batch_loader_options.pool"."""
        return roff.italic(name)

    def _name(self, word, star, calls, follows):
        names = self.names
        if word in names.functions:
            return self.function(word, follows not in ("(", "*") or bool(calls))
        if word.endswith(".h") and word[:-2] in names.pages:
            return self.header(word[:-2])
        if word in names.constants:
            return self.constant(word)
        if word.split(".")[0] in names.types and re.search(r"[._]|[a-z][A-Z]", word):
            return self.type(word)
        if word in self.parameters and (star or "_" in word):
            return self.stressed(star + word)
        return self.plain(star + word) + (calls or "")

    def _quoted(self, word):
        if re.fullmatch(r"\w+", word) and word not in self.names.functions:
            return self.stressed(word)
        return self.typed(word)

    def __call__(self, text):
        out, at = [], 0
        for match in _TOKEN.finditer(text):
            out.append(self.plain(text[at:match.start()]))
            at = match.end()
            if match["quoted"]:
                out.append(self._quoted(match["quoted"]))
            elif match["stressed"]:
                out.append(self.stressed(match["stressed"]))
            elif match["option"]:
                out.append(self.typed(match["option"]))
            else:
                out.append(self._name(match["word"], match["star"], match["calls"], text[at:at + 1]))
        return "".join(out) + self.plain(text[at:])
