/** The map of a node in the inspector: the source of elements, and the policy. */
import { TranslationBundle } from '@jupyterlab/translation';
import { CheckBox } from '../../components/Button';
import { IArgument, showValue } from '../../document/arguments';
import { Json, JsonObject } from '../../document/canonical';
import {
  AT_ONCE,
  EACH,
  IMap,
  ISearch,
  MAX_ELEMENTS,
  OPTUNA,
  POLICY,
  portName,
  readMap,
  Source,
  sourceOf,
  spaceOf,
  USUAL_COUNT
} from '../../document/maps/map';
import { isBetterHigh } from '../../document/maps/direction';
import { FieldFrame } from '../../forms/FieldFrame';
import { isSweepable, manyText } from '../../forms/SweepField';
import { ValueField } from '../../forms/ValueField';
import { useCanvas } from '../model/hooks';
import { CheckedField, IMapProps } from './MapFields';
import { setMap, setSource } from './mapping';

interface ISettingsProps extends IMapProps {
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
  const kinds = kindsOf(props.arguments, fields);
  const kind = map ? kindOf(map.each) : '';
  if (map && !kinds[kind]) {
    kinds[kind] = map.each;
  }
  const texts: Record<string, string> = {
    grid: trans.__('combinations of values'),
    'search:random': trans.__('random sample'),
    'search:halton': trans.__('quasi-random sample (Halton)'),
    'search:optuna': trans.__('optimiser (Optuna)'),
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
            onChange={({ target }) => setSource(canvas, id, kinds[target.value])}
          >
            <option value="">{trans.__('none: the node runs once')}</option>
            {Object.keys(kinds).map(kind => (
              <option key={kind} value={kind}>
                {texts[kind] ?? kind}
              </option>
            ))}
          </select>
        )}
      </FieldFrame>
      {map?.each.kind === 'search' ? (
        <SearchFields {...{ id, readOnly }} each={map.each} />
      ) : (
        map && <Varied {...props} map={map} />
      )}
      {map && <Policy {...props} map={map} />}
    </div>
  );
}

/** Methods that read no metric. */
const SAMPLES = ['random', 'halton'];

const kindOf = (each: Source) =>
  each.kind === 'search' ? `search:${each.by ?? SAMPLES[0]}` : each.kind;

/** Return the sources that a node can have, each with the first choice of its arguments. */
function kindsOf(known: readonly IArgument[], fields: JsonObject): Record<string, Source> {
  const [values, inputs] = [valuesOf(known), known.filter(({ role }) => role === 'input')];
  const kinds: Record<string, Source> = {};
  const map = readMap(fields);
  const space = spaceOf(map); // it is made at the parameters
  if (space) {
    const grid = sourceOf(space);
    const { count } = map!.each as Partial<ISearch>;
    if (grid.kind === 'grid') {
      kinds.grid = grid;
    }
    for (const by of [...SAMPLES, OPTUNA]) {
      kinds[`search:${by}`] = { kind: 'search', space, by, ...(count && { count }) };
    }
  }
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
  if (!map || spaceOf(map)) {
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
  if (each.kind === 'grid' || each.kind === 'search') {
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

/** How many elements a search has, and the metric from which an optimiser learns. */
function SearchFields({
  id,
  each,
  readOnly
}: Pick<IMapProps, 'id' | 'readOnly'> & { each: ISearch }): JSX.Element {
  const canvas = useCanvas();
  const { trans } = canvas;
  const set = (key: 'count' | 'direction' | 'goal' | 'prune') => (value: Json | undefined) => {
    const { [key]: _, ...rest } = each;
    const isLow = key === 'goal' && value && !each.direction && !isBetterHigh(String(value));
    const more = { [key]: value, ...(isLow && { direction: 'minimize' }) };
    setSource(canvas, id, value ? ({ ...rest, ...more } as ISearch) : rest);
  };
  return (
    <>
      <CheckedField
        {...{ id, readOnly, trans }}
        draftKey="count"
        label={trans.__('Number of elements')}
        type="int"
        value={each.count}
        placeholder={String(USUAL_COUNT)}
        check={value =>
          Number(value) < 1
            ? trans.__('Enter a number from 1.')
            : Number(value) > MAX_ELEMENTS
              ? manyText(trans)
              : undefined
        }
        onRead={set('count')}
      />
      {!SAMPLES.includes(each.by ?? SAMPLES[0]) && (
        <>
          <ValueField
            {...{ readOnly, trans }}
            label={trans.__('Metric')}
            type="string"
            value={each.goal}
            required
            help={trans.__('A metric that the node logs, or a number of a JSON output')}
            onChange={set('goal')}
          />
          <ValueField
            {...{ readOnly, trans }}
            label={trans.__('Direction')}
            type="choice"
            choices={['maximize', 'minimize']}
            value={each.direction ?? 'maximize'}
            first="maximize"
            onChange={set('direction')}
          />
          <CheckBox disabled={readOnly} checked={each.prune ?? false} onChange={set('prune')}>
            {trans.__('Stop elements early if their metric is worse than that of others')}
          </CheckBox>
        </>
      )}
    </>
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
        placeholder={
          map.each.kind === 'search' && map.each.by === OPTUNA
            ? String(AT_ONCE)
            : trans.__('no limit')
        }
        check={value => (Number(value) >= 1 ? undefined : trans.__('Enter a number from 1.'))}
        onRead={set('at_most')}
      />
    </>
  );
}
