"""What names of the library look like in a page: functions, constants, types, parameters, headers."""
import re

import roff

_TOKEN = re.compile(r"`([^`]+)`|(?<![\w*])\*(\w+)\*(?![\w*])|(\*?)\b([A-Za-z]\w*(?:\.(?:h|c)\b|(?:\.\w+)+(?=\W|$))?)(\(\))?|(--[a-z][a-z-]*)")


class Names:
    """All names of the headers, and the page that each is on."""

    def __init__(self, pages):
        """pages: a dictionary of the page of each header, {"queue": "batch_queue"}."""
        self.pages, self.functions, self.constants, self.types = pages, {}, set(), {}

    def add(self, header):
        page = self.pages[header.name]
        for d in header.declarations:
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
    """Writes text of a page, with the names in it in their fonts."""

    def __init__(self, names, page, parameters=()):
        self.names, self.page, self.parameters = names, page, set(parameters)

    def with_parameters(self, parameters):
        return Writer(self.names, self.page, parameters)

    def _reference(self, page):
        return roff.bold(page) + "(3)"

    def _function(self, name, calls):
        page = self.names.functions[name]
        if calls == "(":
            return roff.bold(name)
        return roff.bold(name) + ("()" if page == self.page else "(3)")

    def _name(self, word, star, calls, follows):
        names = self.names
        if word in names.functions:
            return self._function(word, "(" if follows == "(" and not calls else "")
        if word.endswith(".h") and word[:-2] in names.pages:
            return self._reference(names.pages[word[:-2]])
        if word in names.constants:
            return roff.bold(word)
        if word in names.types or word.split(".")[0] in names.types and "." in word:
            return roff.italic(word)
        if word in self.parameters and (star or "_" in word):
            return roff.italic(star + word)
        return roff.escape(star + word) + (calls or "")

    def _quoted(self, word):
        if word in self.parameters or re.fullmatch(r"\w+", word) and word not in self.names.functions:
            return roff.italic(word)
        return roff.bold(word)

    def __call__(self, text):
        out, at = [], 0
        for match in _TOKEN.finditer(text):
            out.append(roff.escape(text[at:match.start()]))
            at = match.end()
            quoted, stressed, star, word, calls, option = match.groups()
            if stressed:
                out.append(roff.italic(stressed))
            elif quoted:
                out.append(self._quoted(quoted))
            elif option:
                out.append(roff.bold(option))
            else:
                out.append(self._name(word, star, calls, text[at:at + 1]))
        return "".join(out) + roff.escape(text[at:])
