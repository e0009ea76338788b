import { OutputAreaModel, SimplifiedOutputArea } from '@jupyterlab/outputarea';
import { MimeModel } from '@jupyterlab/rendermime';
import { Widget } from '@lumino/widgets';
import { memo, useLayoutEffect, useRef } from 'react';
import { IRunServices } from '../../model/services';
import { hasError, IExecuted, IExecutedCell, numberOf, sourceOf } from './cells';

type IOutput = NonNullable<
  NonNullable<ConstructorParameters<typeof OutputAreaModel>[0]>['values']
>[number];

interface INotebookCellsProps {
  services: IRunServices;
  executed: IExecuted;
  live: boolean;
  /** Keep the running cell in view. */
  follow: boolean;
  /** Show this cell. */
  jump?: number;
}

/** Cells with their outputs; none of the content is trusted. */
export function NotebookCells(props: INotebookCellsProps): JSX.Element {
  const { services, executed, live, follow, jump } = props;
  const box = useRef<HTMLDivElement>(null);
  const { cells = [], current } = executed;
  const failing = cells.findIndex(hasError);
  const target = jump !== undefined && failing >= 0 ? failing : jump;
  const scroll = target ?? (live && follow && typeof current === 'number' ? current : undefined);
  useLayoutEffect(() => {
    if (scroll !== undefined) {
      box.current?.children[scroll]?.scrollIntoView({ block: 'nearest' });
    }
  }, [scroll, cells.length]);
  return (
    <div
      ref={box}
      className="nby-Cells"
      tabIndex={0}
      role="region"
      aria-label={services.trans.__('Executed cells')}
    >
      {cells.map((cell, index) => (
        <Cell
          key={cell.id ?? index}
          services={services}
          cell={cell}
          json={JSON.stringify(cell.outputs ?? cell.source)}
          number={numberOf(cells, index)}
          language={executed.language}
          state={live && index === current ? 'running' : index === failing ? 'failed' : ''}
        />
      ))}
    </div>
  );
}

interface ICellProps {
  services: IRunServices;
  cell: IExecutedCell;
  json: string;
  number: number | undefined;
  language: string;
  state: string;
}

const Cell = memo(
  function Cell({ services, cell, number, state }: ICellProps) {
    const { trans } = services;
    const isCode = cell.cell_type === 'code';
    const label = number ? trans.__('Cell %1', number) : trans.__('Values of the parameters');
    const count = cell.execution_count;
    return (
      <section
        className={`nby-Cell${state ? ` nby-mod-${state}` : ''}`}
        aria-label={label}
        aria-busy={state === 'running'}
      >
        <div className="nby-Cell-prompt">
          {isCode ? `[${count ?? (state === 'running' ? '*' : ' ')}]` : ''}
          {!!number && <div aria-hidden="true">{trans.__('cell %1', number)}</div>}
          {state === 'running' && <span className="nby-Sr">{trans.__('running')}</span>}
        </div>
        <div className="nby-Cell-body">
          {isCode ? (
            <>
              <pre className="nby-Cell-source">{sourceOf(cell)}</pre>
              <Outputs services={services} outputs={(cell.outputs ?? []) as IOutput[]} />
            </>
          ) : (
            <Prose services={services} cell={cell} />
          )}
        </div>
      </section>
    );
  },
  (before, after) => before.json === after.json && before.state === after.state
);

function Outputs({ services, outputs }: { services: IRunServices; outputs: IOutput[] }) {
  const holder = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (!outputs.length || !holder.current) {
      return;
    }
    const model = new OutputAreaModel({ values: outputs, trusted: false });
    const area = new SimplifiedOutputArea({ model, rendermime: services.rendermime });
    return attached(area, holder.current, () => model.dispose());
  }, [services, outputs]);
  return <div ref={holder} className="nby-Cell-outputs" />;
}

function Prose({ services, cell }: { services: IRunServices; cell: IExecutedCell }) {
  const holder = useRef<HTMLDivElement>(null);
  const source = sourceOf(cell);
  const type = cell.cell_type === 'markdown' ? 'text/markdown' : 'text/plain';
  useLayoutEffect(() => {
    if (!holder.current) {
      return;
    }
    const renderer = services.rendermime.createRenderer(type);
    void renderer.renderModel(new MimeModel({ data: { [type]: source }, trusted: false }));
    return attached(renderer, holder.current);
  }, [services, source, type]);
  return <div ref={holder} className="nby-Cell-prose" />;
}

/** Attach a Lumino widget inside React; detach it before React removes the holder. */
function attached(widget: Widget, holder: HTMLElement, after?: () => void): () => void {
  Widget.attach(widget, holder);
  return () => {
    widget.dispose();
    after?.();
  };
}
