/** The map of a node in the inspector: swept parameters, the source of elements, and the policy. */
import { TranslationBundle } from '@jupyterlab/translation';
import { useEffect, useRef, useState } from 'react';
import { IArgument, showValue } from '../../document/arguments';
import { Json, JsonObject } from '../../document/canonical';
import {
  EACH,
  gridOf,
  IMap,
  POLICY,
  portName,
  readMap,
  Source,
  variedBy
} from '../../document/maps/map';
import { parseSweep, sweepText } from '../../document/maps/sweep';
import { CheckBox, LinkButton } from '../../components/Button';
import { IArgumentFormProps } from '../../forms/ArgumentForm';
import { FieldFrame } from '../../forms/FieldFrame';
import {
  gridText,
  isSweepable,
  sweepFieldProps,
  SweepLink,
  sweepProblem
} from '../../forms/SweepField';
import { IValueFieldProps, ValueField } from '../../forms/ValueField';
import { useCanvas } from '../model/hooks';
import { forEachFile, setMap, setSource, setSweep } from './mapping';

interface INodeProps {
  id: string;
  fields: JsonObject;
  /** Messages of the server, by field. */
  errors: Readonly<Record<string, string>>;
  /** It has no map of its own, but the elements of a node before it. */
  follows: boolean;
  readOnly: boolean;
}

/** A field of the checker's drafts: the parameter itself has a draft of its own. */
const draftOf = (name: string) => `sweep.${name}`;

/** Return the rows of arguments that differ between elements, and the links beside the others. */
export function useMapRows(props: INodeProps): Pick<IArgumentFormProps, 'asideOf' | 'rowOf'> {
  const { id, fields, errors, follows, readOnly } = props;
  const canvas = useCanvas();
  const { checker, trans } = canvas;
  const [opened, setOpened] = useState<string>();
  const map = readMap(fields);
  const grid = gridOf(map);
  const drafts = checker.draftsOf(id);
  return {
    rowOf: argument => {
      const { name } = argument;
      const draft = drafts[draftOf(name)];
      if (opened === name || draft !== undefined || grid?.[name]) {
        const error = draft === undefined ? errors[name] : undefined;
        const close = () => setOpened(undefined);
        return <Sweep {...{ id, argument, grid, error, readOnly, close }} />;
      }
      return map && !grid && variedBy(map).includes(name) ? (
        <div className="nby-Field">
          <div className="nby-Field-head">
            <span className="nby-Field-name">{name}</span>
          </div>
          <div className="nby-Field-source">{variedText(map.each, name, trans)}</div>
          {errors[name] && <div className="nby-Field-error">{errors[name]}</div>}
        </div>
      ) : undefined;
    },
    asideOf: argument => {
      const { name, role } = argument;
      const isSwept = isSweepable(argument) && (!map || !!grid);
      if (readOnly || follows || !(isSwept || (role === 'input' && !map))) {
        return null;
      }
      return isSwept ? (
        <SweepLink
          {...{ name, trans }}
          onClick={() => {
            checker.keep(id, name);
            setOpened(name);
          }}
        />
      ) : (
        <LinkButton
          title={trans.__('Run the node once for each file, row or value')}
          onClick={() => forEachFile(canvas, id, name)}
        >
          {trans.__('For Each…')} <span className="nby-Sr">{name}</span>
        </LinkButton>
      );
    }
  };
}

function variedText(each: Source, name: string, trans: TranslationBundle): string {
  return each.kind === 'rows'
    ? trans.__('the column “%1” of each row', name)
    : each.kind === 'files'
      ? trans.__('each file')
      : trans.__('each value');
}

interface ISweepProps {
  id: string;
  argument: IArgument;
  grid: Record<string, Json[]> | undefined;
  error: string | undefined;
  readOnly: boolean;
  close: () => void;
}

/** The values of a swept parameter as one text, and how many elements the grid has. */
function Sweep({ id, argument, grid = {}, error, readOnly, close }: ISweepProps) {
  const canvas = useCanvas();
  const { checker, trans } = canvas;
  const { name, type } = argument;
  const values = grid[name];
  const text = values && sweepText(type, values);
  const box = useRef<HTMLDivElement>(null);
  const isNew = useRef(!values);
  useEffect(() => {
    if (isNew.current) {
      box.current?.querySelector('input')?.focus();
    }
  }, []);
  const end = () => {
    checker.keep(id, draftOf(name));
    setSweep(canvas, id, name, undefined);
    close();
  };
  const check = (typed: Json) => sweepProblem(argument, showValue(typed), grid, trans);
  const onRead = (typed: Json | undefined) => {
    const read = typed === undefined ? undefined : parseSweep(argument, showValue(typed));
    if (read && 'values' in read) {
      setSweep(canvas, id, name, read.values);
    } else {
      end();
    }
  };
  return (
    <div ref={box}>
      <CheckedField
        {...{ id, check, error, readOnly, onRead, trans }}
        {...sweepFieldProps(name, trans, readOnly ? undefined : end)}
        draftKey={draftOf(name)}
        value={text}
        first={text}
        help={values ? gridText(grid, trans) : trans.__('One element for each value')}
      />
    </div>
  );
}

interface ICheckedFieldProps extends Omit<IValueFieldProps, 'draft' | 'onChange' | 'onUnread'> {
  id: string;
  draftKey: string;
  /** Return why a value is refused. */
  check: (value: Json) => string | undefined;
  onRead: (value: Json | undefined) => void;
}

/** A field whose refused text is kept as a draft, so that nothing runs with an older value. */
function CheckedField({ id, draftKey, check, onRead, ...field }: ICheckedFieldProps): JSX.Element {
  const { checker } = useCanvas();
  const [problem, setProblem] = useState<string>();
  const keep = (why: string | undefined, text: string) => {
    setProblem(why);
    checker.keep(id, draftKey, why, text);
  };
  return (
    <ValueField
      {...field}
      draft={checker.draftsOf(id)[draftKey]}
      error={problem ?? field.error}
      onUnread={keep}
      onChange={value => {
        const why = value === undefined ? undefined : check(value);
        keep(why, showValue(value));
        if (why === undefined) {
          onRead(value);
        }
      }}
    />
  );
}

interface ISettingsProps extends INodeProps {
  arguments: readonly IArgument[];
  /** The source of the data at the port `@each`, if there is one. */
  source: string | undefined;
}

/** Where the elements of a node come from, and what happens when some fail. */
export function MapSettings(props: ISettingsProps): JSX.Element {
  const { id, fields, follows, readOnly, source } = props;
  const canvas = useCanvas();
  const { trans } = canvas;
  if (follows) {
    return (
      <p className="nby-Field-help">
        {trans.__('The node runs once for each element of a node before it.')}
      </p>
    );
  }
  const map = readMap(fields);
  const kinds = kindsOf(props.arguments);
  const kind = map?.each.kind ?? '';
  if (map && !kinds[kind as Source['kind']]) {
    kinds[map.each.kind] = map.each; // a grid is made at the parameters
  }
  const texts: Record<Source['kind'], string> = {
    grid: trans.__('combinations of values'),
    rows: trans.__('rows of a table'),
    files: trans.__('files of a folder'),
    list: trans.__('values of a JSON list')
  };
  return (
    <div className="nby-Form">
      <FieldFrame label={trans.__('Elements')} trans={trans} help={helpOf(map, source, trans)}>
        {control => (
          <select
            {...control}
            className="jp-mod-styled"
            disabled={readOnly}
            value={kind}
            onChange={({ target }) => setSource(canvas, id, kinds[target.value as Source['kind']])}
          >
            <option value="">{trans.__('none: the node runs once')}</option>
            {Object.keys(kinds).map(kind => (
              <option key={kind} value={kind}>
                {texts[kind as Source['kind']]}
              </option>
            ))}
          </select>
        )}
      </FieldFrame>
      {map && <Varied {...props} map={map} />}
      {map && <Policy {...props} map={map} />}
    </div>
  );
}

/** Return the sources that a node can have, each with the first choice of its arguments. */
function kindsOf(known: readonly IArgument[]): Partial<Record<Source['kind'], Source>> {
  const [values, inputs] = [valuesOf(known), known.filter(({ role }) => role === 'input')];
  const kinds: Partial<Record<Source['kind'], Source>> = {};
  if (values.length) {
    const required = values.filter(argument => argument.required).map(({ name }) => name);
    kinds.rows = { kind: 'rows', columns: required.length ? required : [values[0].name] };
    kinds.list = { kind: 'list', over: values[0].name };
  }
  if (inputs.length) {
    kinds.files = { kind: 'files', over: inputs[0].name };
  }
  return kinds;
}

function valuesOf(known: readonly IArgument[]): IArgument[] {
  return known.filter(isSweepable);
}

function helpOf(
  map: IMap | undefined,
  source: string | undefined,
  trans: TranslationBundle
): string | undefined {
  if (!map || gridOf(map)) {
    return undefined;
  }
  const port = portName(EACH, trans);
  return source === undefined
    ? trans.__('Draw a connection from the data to the port “%1”.', port)
    : `${port} ← ${source}`;
}

/** Chooses the arguments that differ between elements of data. */
function Varied(props: ISettingsProps & { map: IMap }): JSX.Element | null {
  const { id, map, readOnly } = props;
  const canvas = useCanvas();
  const { trans } = canvas;
  const { each } = map;
  if (each.kind === 'grid') {
    return null;
  }
  if (each.kind === 'rows') {
    const { columns } = each;
    const names = new Set([...valuesOf(props.arguments).map(({ name }) => name), ...columns]);
    return (
      <fieldset className="nby-Columns" disabled={readOnly}>
        <legend>{trans.__('Columns')}</legend>
        {[...names].map(name => (
          <CheckBox
            key={name}
            checked={columns.includes(name)}
            onChange={checked => {
              const others = columns.filter(column => column !== name);
              setSource(canvas, id, { ...each, columns: checked ? [...others, name] : others });
            }}
          >
            {name}
          </CheckBox>
        ))}
      </fieldset>
    );
  }
  const isFiles = each.kind === 'files';
  const offered = isFiles
    ? props.arguments.filter(({ role }) => role === 'input')
    : valuesOf(props.arguments);
  return (
    <ValueField
      label={isFiles ? trans.__('Input') : trans.__('Parameter')}
      type="choice"
      choices={offered.map(({ name }) => name)}
      value={each.over}
      first={each.over}
      readOnly={readOnly}
      trans={trans}
      onChange={over => over && setSource(canvas, id, { ...each, over: showValue(over) })}
    />
  );
}

/** The default policy. */
const FIRST = 'first';

/** What happens when elements fail, and how many run at once. */
function Policy({ id, map, readOnly }: ISettingsProps & { map: IMap }): JSX.Element {
  const canvas = useCanvas();
  const { trans } = canvas;
  const set = (key: 'at_most' | 'on_failure') => (value: Json | undefined) => {
    const { [key]: _, ...rest } = map;
    setMap(canvas, id, value === undefined ? rest : { ...rest, [key]: value });
  };
  return (
    <>
      <CheckedField
        {...{ id, readOnly, trans }}
        draftKey="on_failure"
        label={trans.__('Stop after failures')}
        type="string"
        suggestions={[FIRST, 'all', '3', '10%']}
        value={map.on_failure}
        placeholder={FIRST}
        help={trans.__('The first one, a number or a share of elements. “all”: never stop.')}
        check={value =>
          POLICY.test(showValue(value)) ? undefined : trans.__('Enter first, all, 3 or 10%.')
        }
        onRead={set('on_failure')}
      />
      <CheckedField
        {...{ id, readOnly, trans }}
        draftKey="at_most"
        label={trans.__('At most at once')}
        type="int"
        value={map.at_most}
        placeholder={trans.__('no limit')}
        check={value => (Number(value) >= 1 ? undefined : trans.__('Enter a number from 1.'))}
        onRead={set('at_most')}
      />
    </>
  );
}
