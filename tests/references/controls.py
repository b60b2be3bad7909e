"""Controls: expectations that are wrong, each of which a comparison must find out."""
from types import SimpleNamespace

import numpy as np

import fill
import order


def controls():
    """(what, module, name, changed): functions of the reference, each replaced by a wrong one."""
    put_piece, cu_seqlens, columns_of = fill.put_piece, fill.cu_seqlens, fill.columns_of
    in_order, steps, pack, cut_documents = order.in_order, order.steps, order.pack, order.cut_documents

    def loss_of_inputs(row, options, source, piece, column, number):
        shifted = SimpleNamespace(**vars(source))
        shifted.loss = None if source.loss is None else np.roll(source.loss, 1)
        put_piece(row, options, shifted, piece, column, number)

    def without_padding(options, rows):
        starts, number, longest = cu_seqlens(options, rows)
        padded = sum(int(row.documents[-1] == -1) for row in rows)
        return starts, number - padded, longest

    def chunks_exchanged(options, row):
        return np.roll(columns_of(options, row), 1 if options.context_world > 1 else 0)

    def other_order(options, count, key):
        return np.roll(in_order(options, count, key), 1)

    def without_skips(options, *rest):
        return steps(SimpleNamespace(**{**vars(options), 'skips': []}), *rest)

    def fullest_first(options, sources, documents):
        rows = pack(options, sources, documents)
        return sorted(rows, key=lambda row: -sum(piece.columns for piece in row))

    def counted_on(documents):
        return np.arange(len(documents))

    def nothing_cropped(options, number, source):
        return [[piece._replace(cropped=0) for piece in row] for row in cut_documents(options, number, source)]

    return [('loss masks of inputs, not targets', fill, 'put_piece', loss_of_inputs),
            ('padding is no sequence', fill, 'cu_seqlens', without_padding),
            ('columns of a context rank turned by one', fill, 'columns_of', chunks_exchanged),
            ('an order turned by one', order, 'in_order', other_order),
            ('nothing skipped', order, 'steps', without_skips),
            ('the fullest rows of a window first', order, 'pack', fullest_first),
            ('positions of a row, not of its documents', fill, 'count_positions', counted_on),
            ('what is cropped is not counted', order, 'cut_documents', nothing_cropped)]
