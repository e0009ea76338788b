import { TranslationBundle } from '@jupyterlab/translation';
import { Json } from '../../document/canonical';
import { FieldFrame } from '../FieldFrame';
import { ValueField } from '../ValueField';

interface ICacheFieldProps {
  value: Json | undefined;
  error?: string;
  readOnly?: boolean;
  trans: TranslationBundle;
  /** `undefined` restores the default. */
  onChange: (value: Json | undefined) => void;
}

const FIRST_AGE = '24 h';
const VALUES: Record<string, Json | undefined> = {
  on: true,
  bundle: 'bundle',
  off: false,
  age: FIRST_AGE
};

/** Chooses whether an earlier result of unchanged work is used, and its maximum age. */
export function CacheField(props: ICacheFieldProps): JSX.Element {
  const { value, error, readOnly, trans, onChange } = props;
  const way = wayOf(value);
  return (
    <>
      <FieldFrame
        label={trans.__('Use cached results')}
        help={trans.__('Restrict the cache for nodes that depend on the web or the clock.')}
        trans={trans}
      >
        {control => (
          <select
            {...control}
            className="jp-mod-styled"
            disabled={readOnly}
            value={way}
            onChange={event => onChange(VALUES[event.target.value])}
          >
            <option value="">{trans.__('default: if code and inputs are unchanged')}</option>
            <option value="on">{trans.__('if code and inputs are unchanged')}</option>
            <option value="age">
              {trans.__('if code and inputs are unchanged, up to an age')}
            </option>
            <option value="bundle">{trans.__('if no file in its folder changed')}</option>
            <option value="off">{trans.__('never')}</option>
          </select>
        )}
      </FieldFrame>
      {way === 'age' && (
        <ValueField
          label={trans.__('Maximum age of results')}
          type="string"
          help={trans.__('For example 30 min, 24 h or 7 d.')}
          value={value}
          error={error}
          readOnly={readOnly}
          trans={trans}
          onChange={age => onChange(age)}
        />
      )}
    </>
  );
}

function wayOf(value: Json | undefined): string {
  if (value === undefined || value === null) {
    return '';
  }
  if (value === true || value === 'on' || value === 'observed') {
    return 'on';
  }
  if (value === 'bundle') {
    return 'bundle';
  }
  return value === false || value === 'off' ? 'off' : 'age';
}
