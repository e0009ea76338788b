import { ReactFlowProvider } from '@xyflow/react';
import { useEffect, useMemo, useRef, useState } from 'react';
import { createPortal } from 'react-dom';
import '../../style/canvas.css';
import '../../style/cards.css';
import { Away } from '../components/Away';
import { Boundary } from '../components/Boundary';
import { IPickerItem, Picker } from '../components/Picker';
import { useSignal } from '../components/hooks/useSignal';
import { KindIcon } from './cards/KindIcon';
import { connectAutomatically } from './commands/connectAutomatically';
import { CanvasController } from './model/controller';
import { followDeclarations } from './connections/declarations';
import { offerSuggestions } from './connections/suggestions';
import { keepFocus } from './model/focus';
import { CanvasContext, useCanvas, useUi } from './model/hooks';
import { Inspector } from './inspector/Inspector';
import { Outline } from './stage/Outline';
import { Palette } from './palette/Palette';
import { IPick } from './model/tokens';
import { ProblemStrip } from './stage/ProblemStrip';
import { Stage } from './stage/Stage';
import { ToolbarChips } from './stage/ToolbarChips';

interface ICanvasProps {
  canvas: CanvasController;
  /** The room for chips in the toolbar of the tab. */
  toolbar?: HTMLElement;
}

/** A whole workflow tab: palette, diagram or table, inspector, and problems. */
export function Canvas({ canvas, toolbar }: ICanvasProps): JSX.Element {
  const { broken, readOnly } = useModelState(canvas);
  if (broken !== undefined) {
    return <Broken canvas={canvas} text={broken} />;
  }
  return (
    <CanvasContext.Provider value={canvas}>
      <ReactFlowProvider>
        <Parts readOnly={readOnly} />
      </ReactFlowProvider>
      {toolbar && createPortal(<ToolbarChips />, toolbar)}
    </CanvasContext.Provider>
  );
}

function Parts({ readOnly }: { readOnly: boolean }): JSX.Element {
  const canvas = useCanvas();
  const { runs, trans } = canvas;
  const panel = useRef<HTMLDivElement>(null);
  useEffect(() => keepFocus(canvas, panel.current!), [canvas]);
  useEffect(() => followDeclarations(canvas), [canvas]);
  useEffect(() => offerSuggestions(canvas, connectAutomatically), [canvas]);
  const { palette, inspector, outline } = useUi();
  const lost = useSignal(runs?.changed, () => runs?.lost);
  return (
    <div ref={panel} className={inspector ? 'nby-Canvas nby-mod-inspected' : 'nby-Canvas'}>
      {palette && <Palette readOnly={readOnly} />}
      <div className="nby-Canvas-main">
        <Away lost={lost} trans={trans} />
        {outline ? <Outline /> : <Stage readOnly={readOnly} />}
        <ProblemStrip />
        <PickerLayer />
      </div>
      {inspector && (
        <Boundary trans={trans}>
          <Inspector readOnly={readOnly} />
        </Boundary>
      )}
    </div>
  );
}

/** The size of a long list, which stays inside the canvas. */
const PICKER = { width: 320, height: 340 };

function PickerLayer(): JSX.Element | null {
  const canvas = useCanvas();
  const { picker } = useUi();
  const shown = useMemo(
    () =>
      picker && {
        items: withIcons(picker.items),
        search: picker.search && (async (text: string) => withIcons(await picker.search!(text)))
      },
    [picker]
  );
  if (!picker) {
    return null;
  }
  const box = canvas.stage?.parentElement?.getBoundingClientRect();
  const style =
    picker.at && box
      ? {
          left: Math.max(0, Math.min(picker.at.x - box.left, box.width - PICKER.width)),
          top: Math.max(0, Math.min(picker.at.y - box.top, box.height - PICKER.height))
        }
      : { left: '50%', top: '15%', transform: 'translateX(-50%)' };
  return (
    <Picker
      key={picker.title}
      title={picker.title}
      {...shown!}
      nothing={canvas.trans.__('No matches')}
      hint={canvas.trans.__('Search')}
      style={style}
      onDone={item => {
        picker.done(item);
        canvas.stage?.focus({ preventScroll: true });
      }}
    />
  );
}

function withIcons(items: readonly IPick[]): IPickerItem[] {
  return items.map(item => ({ ...item, icon: item.kind && <KindIcon kind={item.kind} /> }));
}

function Broken({ canvas, text }: { canvas: CanvasController; text: string }): JSX.Element {
  const { trans } = canvas;
  return (
    <div className="nby-Broken">
      <div role="alert">
        <h2>{trans.__('This file is not a valid workflow')}</h2>
        <p>
          {trans.__(
            'The file may contain merge conflict markers. Repair it in a text editor, or restore the last valid workflow.'
          )}
        </p>
      </div>
      <button
        type="button"
        className="jp-Button jp-mod-styled jp-mod-warn"
        disabled={canvas.readOnly}
        onClick={() => canvas.doc.mend()}
      >
        {trans.__('Restore Last Valid Workflow')}
      </button>
      <pre>{text}</pre>
    </div>
  );
}

function useModelState(canvas: CanvasController) {
  const { context } = canvas;
  const read = () => ({ broken: canvas.doc.broken, readOnly: canvas.readOnly });
  const [state, setState] = useState(read);
  useEffect(() => {
    const update = () => setState(read());
    context.fileChanged.connect(update);
    context.model.stateChanged.connect(update);
    update();
    return () => {
      context.fileChanged.disconnect(update);
      context.model.stateChanged.disconnect(update);
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `read` belongs to this canvas
  }, [canvas]);
  return state;
}
