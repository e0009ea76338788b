import { Fragment, useSyncExternalStore } from 'react';
import {
  Binding,
  IArgument,
  IParameter,
  OUTPUT_CLASSES,
  OutputClass,
  readBinding,
  readParameters
} from '../../document/arguments';
import { isObject, Json, JsonObject } from '../../document/canonical';
import { DATASET_OUTPUT, edgeId } from '../../document/flow';
import { ALL, EACH } from '../../document/maps/map';
import { cellText } from '../../api/documents/tagCell';
import { ArgumentForm } from '../../forms/ArgumentForm';
import { ParametersEditor } from '../../forms/ParametersEditor';
import { ValueField } from '../../forms/ValueField';
import { Button, LinkButton } from '../../components/Button';
import { IDeclareFiles, IUndeclared, OpenedFiles } from '../../components/OpenedFiles';
import { useSignal } from '../../components/hooks/useSignal';
import { Refusal } from '../../components/text/messages';
import { endText } from '../model/connecting';
import { CanvasController } from '../model/controller';
import { declareFiles, tagCell } from '../connections/declarations';
import { isOfFile, openedAt } from '../model/declaring';
import { disconnect, rename } from '../model/editing';
import { useCanvas, useFields, useMeta, useView } from '../model/hooks';
import { titleOf } from '../model/nodeViews';
import { bindArgument } from './binding';
import { Contract } from './Contract';
import { useMapRows } from './MapFields';
import { MapSettings } from './MapSettings';
import { EnvironmentField, NodeSettings } from './NodeSettings';
import { unpinResult } from '../commands/pinning';
import { isAlone, kindWord, noPortsText, offText } from '../model/texts';

/** The panel on the right: the selected node, or the workflow without a selection. */
export function Inspector({ readOnly }: { readOnly: boolean }): JSX.Element {
  const canvas = useCanvas();
  const { store, trans } = canvas;
  const id = useSyncExternalStore(store.subscribe, () =>
    canvas.chosen.find(card => canvas.doc.nodes.has(card))
  );
  const known = id !== undefined && canvas.doc.nodes.has(id);
  return (
    <div className="nby-Inspector" role="region" aria-label={trans.__('Inspector')}>
      {known ? (
        <NodeInspector key={id} id={id} readOnly={readOnly} />
      ) : (
        <WorkflowInspector readOnly={readOnly} />
      )}
    </div>
  );
}

function NodeInspector({ id, readOnly }: { id: string; readOnly: boolean }): JSX.Element | null {
  const canvas = useCanvas();
  const { trans } = canvas;
  const view = useView(id);
  const fields = useFields(id);
  const meta = useMeta();
  const reading = useSignal(canvas.checker.changed, () => canvas.checker.reading(id));
  const errors = errorsOf(canvas, id);
  const follows = !fields?.map && !!reading?.arguments.some(({ name }) => name === ALL);
  const mapRows = useMapRows({ id, fields: fields ?? {}, errors, follows, readOnly });
  if (!view || !fields) {
    return null;
  }
  const given = isObject(fields.arguments) ? fields.arguments : {};
  const bindings = Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name, readBinding(value)])
  );
  const connected = Object.fromEntries(
    canvas.views.arrowsInto(id).map(edge => [edge.input, endText(canvas, edge.source, edge.output)])
  );
  // the ports of a map are no arguments of the code
  const own = (reading?.arguments ?? []).filter(({ name }) => name !== EACH && name !== ALL);
  const fieldNames = own.map(argument => argument.name);
  const besideField = fieldNames.map(name => errors[name]);
  const elsewhere = view.problems.filter(problem => !besideField.includes(problem));
  const { checker } = canvas;
  const onChange = (name: string, binding: Binding | undefined) => {
    checker.keep(id, name);
    bindArgument(canvas, id, name, binding);
  };
  return (
    <>
      <h2>
        {view.title} {view.alike && <span className="nby-Node-id">{id}</span>}{' '}
        <span className="nby-Mark">{kindWord(view.kind, trans)}</span>
      </h2>
      {![view.title, ''].includes(view.subtitle) && (
        <p className="nby-Field-help">{view.subtitle}</p>
      )}
      {view.off && <p className="nby-Inspector-pin">{offText(view.off, trans)}</p>}
      {view.pinnedTo !== undefined && (
        <p className="nby-Inspector-pin">
          {trans.__('Pinned to the result of run %1. The node does not run.', view.pinnedTo)}{' '}
          {!readOnly && (
            <LinkButton onClick={() => unpinResult(canvas, [id])}>{trans.__('Unpin')}</LinkButton>
          )}
        </p>
      )}
      {elsewhere.map(problem => (
        <Refusal key={problem}>{problem}</Refusal>
      ))}
      {view.hints.map(hint => (
        <p key={hint} className="nby-Field-help">
          {hint}
        </p>
      ))}
      {typeof reading?.tag_cell === 'number' && !readOnly && (
        <p>
          <Button onClick={() => void tagCell(canvas, id, reading.tag_cell!)}>
            {trans.__('Tag %1', cellText(reading.tag_cell, reading.tag_names ?? [], trans))}
          </Button>
        </p>
      )}
      <ValueField
        label={trans.__('Label')}
        type="string"
        value={fields.label}
        fallback={titleOf(id, { path: fields.path }, reading?.name)}
        readOnly={readOnly}
        trans={trans}
        onChange={value => rename(canvas, id, String(value ?? ''))}
      />
      {view.type !== 'dataset' && (
        <Section title={trans.__('Parameters')}>
          {reading ? (
            <ArgumentForm
              arguments={own}
              {...mapRows}
              bindings={bindings}
              parameters={readParameters(meta)}
              connected={connected}
              errors={errors}
              readOnly={readOnly}
              trans={trans}
              drafts={checker.draftsOf(id)}
              onChange={onChange}
              onUnread={(name, why, text) => checker.keep(id, name, why, text)}
            />
          ) : (
            <p className="nby-Field-help">
              {canvas.checker.unreachable ?? trans.__('The parameters are not known yet.')}
            </p>
          )}
        </Section>
      )}
      {own.length > 0 && view.type !== 'dataset' && (
        <Section title={trans.__('For Each')} closed={!view.map}>
          <MapSettings
            {...{ id, fields, errors, follows, readOnly }}
            arguments={own}
            source={connected[EACH]}
          />
        </Section>
      )}
      {view.type !== 'dataset' && (
        <Files
          id={id}
          undeclared={reading?.undeclared}
          declared={reading?.arguments ?? []}
          readOnly={readOnly}
        />
      )}
      {view.type !== 'dataset' && (
        <Outputs
          id={id}
          outputs={own.filter(({ role }) => role === 'output')}
          isFixed={!!fields.version || !!fields.pin}
          readOnly={readOnly}
        />
      )}
      {view.type === 'dataset' && (
        <Section title={trans.__('Contract')}>
          <Contract id={id} output={DATASET_OUTPUT} readOnly={readOnly} />
        </Section>
      )}
      {view.type !== 'dataset' && (
        <Section title={trans.__('Resources')}>
          <NodeSettings id={id} fields={fields} errors={errors} readOnly={readOnly} />
        </Section>
      )}
      <Section title={trans.__('Connections')} closed={view.type !== 'dataset'}>
        <Arrows id={id} readOnly={readOnly} />
      </Section>
    </>
  );
}

/** Return messages by argument, to show each below its field. */
function errorsOf(canvas: CanvasController, id: string): Record<string, string> {
  const own = canvas.checker.problemsOf(id).filter(problem => problem.path);
  return Object.fromEntries(
    own.map(problem => {
      const parts = problem.path!.split('.');
      const after = parts.indexOf('arguments') + 1;
      return [after ? parts[after] : parts[parts.length - 1], problem.message];
    })
  );
}

interface IFilesProps {
  id: string;
  undeclared: IUndeclared | null | undefined;
  declared: readonly IArgument[];
  readOnly: boolean;
}

/** Lists files that the code opens: undeclared ones, and declared ones. */
function Files({ id, undeclared, declared, readOnly }: IFilesProps): JSX.Element {
  const canvas = useCanvas();
  const { trans } = canvas;
  const declare = (change: IDeclareFiles) => declareFiles(canvas, id, change);
  const remove = (name: string) =>
    declare({ remove: [name] }).catch((error: Error) => canvas.say(error.message, true));
  const own = declared.filter(openedAt);
  return (
    <>
      <OpenedFiles
        key={canvas.runs?.run?.id}
        undeclared={undeclared}
        readOnly={readOnly}
        trans={trans}
        declare={declare}
      />
      {canvas.checker.proposals
        .filter(edge => isOfFile(edge) && (edge.source === id || edge.target === id))
        .map(edge => (
          <p key={edgeId(edge)} className="nby-Field-help">
            {edge.reason}.
          </p>
        ))}
      {own.length > 0 && (
        <Section title={trans.__('Files that the code opens')}>
          <ul className="nby-Arrows">
            {own.map(argument => (
              <li key={argument.name}>
                <span>
                  {argument.role === 'input'
                    ? `${argument.name} → ${openedAt(argument)}`
                    : `${openedAt(argument)} → ${argument.name}`}
                </span>
                {!readOnly && (
                  <LinkButton
                    aria-label={trans.__('Remove %1', argument.name)}
                    onClick={() => void remove(argument.name)}
                  >
                    {trans.__('Remove')}
                  </LinkButton>
                )}
              </li>
            ))}
          </ul>
        </Section>
      )}
    </>
  );
}

interface IOutputsProps {
  id: string;
  outputs: readonly IArgument[];
  /** Whether its code cannot change, as of a pinned node. */
  isFixed: boolean;
  readOnly: boolean;
}

/**
 * What each output holds, and its contract. A choice is written to the description of the code.
 */
function Outputs({ id, outputs, isFixed, readOnly }: IOutputsProps): JSX.Element | null {
  const canvas = useCanvas();
  const { trans } = canvas;
  const declare = (name: string, outputClass: OutputClass | '') =>
    declareFiles(canvas, id, { classes: { [name]: outputClass } }).catch((error: Error) =>
      canvas.say(error.message, true)
    );
  return outputs.length ? (
    <Section title={trans.__('Outputs')} closed>
      {outputs.map(({ name, output_class: outputClass = '' }) => (
        <Fragment key={name}>
          <ValueField
            label={name}
            type="choice"
            choices={[...OUTPUT_CLASSES]}
            fallback={trans.__('as its file name says')}
            value={outputClass || undefined}
            readOnly={readOnly || isFixed}
            trans={trans}
            onChange={value => void declare(name, (value ?? '') as OutputClass | '')}
          />
          <Contract id={id} output={name} readOnly={readOnly} />
        </Fragment>
      ))}
    </Section>
  ) : null;
}

function Arrows({ id, readOnly }: { id: string; readOnly: boolean }): JSX.Element {
  const canvas = useCanvas();
  const { store, trans } = canvas;
  useSyncExternalStore(store.subscribe, store.getEdges);
  const view = useView(id);
  const edges = [...canvas.views.arrowsInto(id), ...canvas.views.arrowsFrom(id)];
  return (
    <ul className="nby-Arrows">
      {!edges.length && (
        <li className="nby-Field-help">
          {view && isAlone(view) ? noPortsText(trans) : trans.__('No connections yet.')}
        </li>
      )}
      {edges.map(edge => (
        <li key={edgeId(edge)}>
          <span>
            {endText(canvas, edge.source, edge.output)} → {endText(canvas, edge.target, edge.input)}
          </span>
          {!readOnly && (
            <LinkButton onClick={() => disconnect(canvas, edgeId(edge))}>
              {trans.__('Remove')}
            </LinkButton>
          )}
        </li>
      ))}
    </ul>
  );
}

function WorkflowInspector({ readOnly }: { readOnly: boolean }): JSX.Element {
  const canvas = useCanvas();
  const { checker, doc, trans } = canvas;
  const meta: JsonObject = useMeta();
  const parameters = readParameters(meta);
  const onChange = (name: string, parameter: IParameter | undefined) => {
    checker.keep('', name);
    const { [name]: _, ...rest } = parameters;
    const next = parameter ? { ...rest, [name]: parameter } : rest;
    doc.setMeta('parameters', Object.keys(next).length ? (next as unknown as Json) : undefined);
  };
  return (
    <>
      <h2>{trans.__('Workflow')}</h2>
      <div className="nby-Form">
        <ValueField
          label={trans.__('Title')}
          type="string"
          value={meta.title}
          readOnly={readOnly}
          trans={trans}
          onChange={value => doc.setMeta('title', value)}
        />
        <EnvironmentField
          value={meta.environment}
          help={trans.__('For nodes that name no environment.')}
          readOnly={readOnly}
          onChange={value => doc.setMeta('environment', value)}
        />
      </div>
      <Section title={trans.__('Parameters')}>
        <ParametersEditor
          parameters={parameters}
          readOnly={readOnly}
          trans={trans}
          drafts={checker.draftsOf('')}
          onChange={onChange}
          onUnread={(name, why, text) => checker.keep('', name, why, text)}
        />
      </Section>
    </>
  );
}

function Section(props: { title: string; closed?: boolean; children: React.ReactNode }) {
  return (
    <details className="nby-Inspector-section" open={!props.closed}>
      <summary>{props.title}</summary>
      {props.children}
    </details>
  );
}
