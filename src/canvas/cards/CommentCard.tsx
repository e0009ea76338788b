import { MimeModel } from '@jupyterlab/rendermime';
import { Widget } from '@lumino/widgets';
import { NodeProps } from '@xyflow/react';
import { memo, PointerEvent, useLayoutEffect, useRef, useState } from 'react';
import { endEditing, resized, Size, writeComment } from '../arrange/comments';
import { useOpenField } from '../arrange/openField';
import { sizeOf } from '../model/diagram/items';
import { CardNode } from '../model/flowStore';
import { focusNode } from '../model/focus';
import { useCanvas, useUi } from '../model/hooks';

const MARKDOWN = 'text/markdown';

/** A text in Markdown beside the nodes. A double click or Enter opens its source. */
export const CommentCard = memo(function CommentCard({ id, data }: NodeProps<CardNode>) {
  const canvas = useCanvas();
  const { trans } = canvas;
  const isOpen = useUi().editing?.id === id;
  const [dragged, setDragged] = useState<Size>();
  const text = String(data.fields.text ?? '');
  const [width, height] = dragged ?? sizeOf(data.fields);
  return (
    <div className="nby-Comment" style={{ width, height }}>
      <span hidden id={canvas.nameOf(id)} aria-label={trans.__('Comment: %1', text)} />
      {isOpen ? <Source id={id} text={text} /> : <Rendered text={text} />}
      {!canvas.readOnly && (
        <Corner
          size={[width, height]}
          onDrag={setDragged}
          onDrop={size => {
            canvas.doc.setComment(id, 'size', size);
            setDragged(undefined);
          }}
          onCancel={() => setDragged(undefined)}
        />
      )}
    </div>
  );
});

/** The text as JupyterLab shows untrusted Markdown. */
function Rendered({ text }: { text: string }): JSX.Element {
  const { rendermime } = useCanvas().services;
  const holder = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (!rendermime || !holder.current?.isConnected) {
      return undefined;
    }
    const renderer = rendermime.createRenderer(MARKDOWN);
    void renderer.renderModel(new MimeModel({ data: { [MARKDOWN]: text }, trusted: false }));
    Widget.attach(renderer, holder.current);
    return () => renderer.dispose();
  }, [rendermime, text]);
  return (
    <div ref={holder} className="nby-Comment-body nowheel">
      {!rendermime && text}
    </div>
  );
}

function Source({ id, text }: { id: string; text: string }): JSX.Element {
  const canvas = useCanvas();
  const field = useOpenField<HTMLTextAreaElement>(id);
  const end = () => endEditing(canvas, id);
  return (
    <textarea
      ref={field}
      className="nby-Comment-source nodrag nopan nowheel"
      data-lm-suppress-shortcuts="true"
      aria-label={canvas.trans.__('Text of the comment, in Markdown')}
      placeholder={canvas.trans.__('Markdown. Escape ends editing.')}
      defaultValue={text}
      onChange={event => writeComment(canvas, id, event.target.value)}
      onBlur={end}
      onKeyDown={event => {
        const isAccel = event.ctrlKey || event.metaKey;
        const isSave = event.key.toLowerCase() === 's' && !event.shiftKey && !event.altKey;
        if (isAccel && isSave) {
          event.preventDefault();
          void canvas.commands.execute('docmanager:save');
        } else if (event.key === 'Escape' || (isAccel && event.key === 'Enter')) {
          event.preventDefault();
          end();
          if (canvas.doc.has(id)) {
            focusNode(canvas, id);
          } else {
            canvas.stage?.focus({ preventScroll: true });
          }
        }
      }}
    />
  );
}

interface ICornerProps {
  size: Size;
  onDrag: (size: Size) => void;
  onDrop: (size: Size) => void;
  onCancel: () => void;
}

/** The corner that changes the size with the mouse; keys do the same by commands. */
function Corner({ size, onDrag, onDrop, onCancel }: ICornerProps): JSX.Element {
  const canvas = useCanvas();
  const start = useRef<{ x: number; y: number; size: Size }>();
  const sizeAt = ({ clientX, clientY }: PointerEvent): Size => {
    const from = start.current!;
    const zoom = canvas.flow?.getZoom() ?? 1;
    return resized(from.size, (clientX - from.x) / zoom, (clientY - from.y) / zoom);
  };
  return (
    <div
      className="nby-Comment-corner nodrag nopan"
      title={canvas.trans.__('Drag to change the size')}
      onPointerDown={event => {
        if (event.button === 0) {
          event.currentTarget.setPointerCapture(event.pointerId);
          start.current = { x: event.clientX, y: event.clientY, size };
        }
      }}
      onPointerMove={event => start.current && onDrag(sizeAt(event))}
      onPointerUp={event => {
        if (start.current) {
          onDrop(sizeAt(event));
          start.current = undefined;
        }
      }}
      onPointerCancel={() => {
        start.current = undefined;
        onCancel();
      }}
    />
  );
}
