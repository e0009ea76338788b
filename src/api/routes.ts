// Made by scripts/generate-api.mjs; do not edit.

/** The method and path of each operation, by its noun and verb. */
export const ROUTES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  artifacts: {
    suggest: 'GET /artifact-suggestions',
    list: 'GET /artifacts',
    get: 'GET /artifacts/{artifact}',
    content: 'GET /artifacts/{artifact}/content',
    preview: 'GET /artifacts/{artifact}/preview'
  },
  automations: {
    create: 'POST /automations',
    list: 'GET /automations',
    preview: 'POST /automations/preview',
    get: 'GET /automations/{automation}',
    update: 'PATCH /automations/{automation}',
    delete: 'DELETE /automations/{automation}',
    disable: 'POST /automations/{automation}/disable',
    enable: 'POST /automations/{automation}/enable',
    fire: 'POST /automations/{automation}/fire',
    firings: 'GET /automations/{automation}/firings',
    rotate: 'POST /automations/{automation}/rotate'
  },
  backfills: {
    create: 'POST /automations/{automation}/backfills',
    preview: 'POST /automations/{automation}/backfills/preview',
    list: 'GET /backfills',
    get: 'GET /backfills/{backfill}',
    cancel: 'POST /backfills/{backfill}/cancel'
  },
  bisections: {
    create: 'POST /bisections',
    list: 'GET /bisections',
    preview: 'POST /bisections/preview',
    get: 'GET /bisections/{bisection}',
    delete: 'DELETE /bisections/{bisection}',
    cancel: 'POST /bisections/{bisection}/cancel'
  },
  channels: {
    test_url: 'POST /channel-tests',
    create: 'POST /channels',
    list: 'GET /channels',
    get: 'GET /channels/{channel}',
    update: 'PATCH /channels/{channel}',
    delete: 'DELETE /channels/{channel}',
    notices: 'GET /channels/{channel}/notices',
    test: 'POST /channels/{channel}/test'
  },
  credentials: {
    kinds: 'GET /credential-kinds',
    create: 'POST /credentials',
    list: 'GET /credentials',
    reseal: 'POST /credentials/reseal',
    get: 'GET /credentials/{credential}',
    update: 'PATCH /credentials/{credential}',
    delete: 'DELETE /credentials/{credential}'
  },
  datasets: {
    list: 'GET /datasets',
    create: 'POST /datasets',
    get: 'GET /datasets/{dataset}',
    update: 'PATCH /datasets/{dataset}',
    delete: 'DELETE /datasets/{dataset}',
    compare: 'GET /datasets/{dataset}/compare',
    content: 'GET /datasets/{dataset}/content',
    notebook: 'POST /datasets/{dataset}/notebook',
    preview: 'GET /datasets/{dataset}/preview',
    profile: 'GET /datasets/{dataset}/profile',
    versions: 'GET /datasets/{dataset}/versions'
  },
  deployments: {
    form: 'GET /deployment-form',
    create: 'POST /deployments',
    list: 'GET /deployments',
    get: 'GET /deployments/{deployment}',
    edit: 'PATCH /deployments/{deployment}',
    delete: 'DELETE /deployments/{deployment}',
    events: 'GET /deployments/{deployment}/events',
    forms: 'GET /deployments/{deployment}/forms',
    keys: 'GET /deployments/{deployment}/keys',
    create_key: 'POST /deployments/{deployment}/keys',
    delete_key: 'DELETE /deployments/{deployment}/keys/{key}',
    log: 'GET /deployments/{deployment}/log',
    revisions: 'GET /deployments/{deployment}/revisions',
    rollback: 'POST /deployments/{deployment}/rollback',
    start: 'POST /deployments/{deployment}/start',
    stop: 'POST /deployments/{deployment}/stop',
    traffic: 'GET /deployments/{deployment}/traffic'
  },
  environments: {
    defaults: 'GET /environment-defaults',
    set_default: 'PATCH /environment-defaults',
    create: 'POST /environments',
    list: 'GET /environments',
    get: 'GET /environments/{environment}',
    delete: 'DELETE /environments/{environment}',
    cancel: 'POST /environments/{environment}/cancel',
    diff: 'GET /environments/{environment}/diff',
    log: 'GET /environments/{environment}/log',
    preview: 'POST /environments/{environment}/preview',
    versions: 'GET /environments/{environment}/versions',
    change: 'POST /environments/{environment}/versions'
  },
  events: {
    list: 'GET /events'
  },
  executables: {
    list: 'GET /executables',
    create: 'POST /executables',
    declare: 'POST /executables/files',
    help: 'POST /executables/help',
    inspect: 'POST /executables/inspect',
    preview: 'POST /executables/preview',
    tag: 'POST /executables/tag',
    get: 'GET /executables/{executable}',
    update: 'PATCH /executables/{executable}',
    delete: 'DELETE /executables/{executable}',
    diff: 'GET /executables/{executable}/diff',
    export: 'GET /executables/{executable}/export',
    versions: 'GET /executables/{executable}/versions'
  },
  images: {
    build: 'POST /images',
    list: 'GET /images',
    dockerfile: 'POST /images/dockerfile',
    pull: 'POST /images/pull',
    get: 'GET /images/{image}',
    delete: 'DELETE /images/{image}',
    log: 'GET /images/{image}/log',
    push: 'POST /images/{image}/push'
  },
  kernels: {
    list: 'GET /kernels'
  },
  lineage: {
    get: 'GET /lineage'
  },
  models: {
    sources: 'GET /model-sources',
    build: 'POST /models',
    list: 'GET /models',
    deployed: 'POST /models/deployed',
    get: 'GET /models/{model}',
    delete: 'DELETE /models/{model}',
    deployments: 'GET /models/{model}/deployments',
    register: 'POST /models/{model}/executable',
    renew: 'POST /models/{model}/renew',
    schema: 'GET /models/{model}/schema'
  },
  projects: {
    create: 'POST /projects',
    list: 'GET /projects',
    plan: 'POST /projects/plan',
    push: 'POST /projects/push',
    get: 'GET /projects/{project}',
    update: 'PATCH /projects/{project}',
    delete: 'DELETE /projects/{project}',
    artifacts: 'GET /projects/{project}/artifacts',
    definition: 'GET /projects/{project}/definition',
    file: 'GET /projects/{project}/files/content',
    linkable: 'GET /projects/{project}/linkable',
    links: 'GET /projects/{project}/links',
    link: 'POST /projects/{project}/links',
    unlink: 'DELETE /projects/{project}/links/{kind}/{resource}',
    retention: 'GET /projects/{project}/retention',
    set_policy: 'PATCH /projects/{project}/retention/{policy}',
    delete_policy: 'DELETE /projects/{project}/retention/{policy}'
  },
  runs: {
    metric_history: 'GET /run-metrics',
    retention: 'GET /run-retention',
    set_retention: 'PATCH /run-retention',
    preview_retention: 'GET /run-retention/preview',
    create: 'POST /runs',
    list: 'GET /runs',
    check: 'POST /runs/check',
    check_sample: 'POST /runs/check/sample',
    clean_up: 'POST /runs/clean-up',
    preview_clean_up: 'POST /runs/clean-up/preview',
    forecast: 'POST /runs/forecast',
    get: 'GET /runs/{run}',
    delete: 'DELETE /runs/{run}',
    bundle: 'GET /runs/{run}/bundle',
    cancel: 'POST /runs/{run}/cancel',
    compare: 'GET /runs/{run}/compare',
    crate: 'GET /runs/{run}/crate',
    estimate: 'GET /runs/{run}/estimate',
    keep: 'POST /runs/{run}/keep',
    unkeep: 'DELETE /runs/{run}/keep',
    openlineage: 'GET /runs/{run}/openlineage',
    picture: 'GET /runs/{run}/pictures/{digest}',
    previews: 'GET /runs/{run}/previews',
    output_preview: 'GET /runs/{run}/previews/{node}/{output}',
    retry: 'POST /runs/{run}/retry',
    tasks: 'GET /runs/{run}/tasks',
    cells: 'GET /runs/{run}/tasks/{node}/cells',
    compare_code: 'GET /runs/{run}/tasks/{node}/compare',
    files: 'GET /runs/{run}/tasks/{node}/files',
    file: 'GET /runs/{run}/tasks/{node}/files/content',
    preview: 'GET /runs/{run}/tasks/{node}/files/preview',
    compare_input: 'GET /runs/{run}/tasks/{node}/inputs/{name}/compare',
    content: 'GET /runs/{run}/tasks/{node}/inputs/{name}/content',
    log: 'GET /runs/{run}/tasks/{node}/log',
    metrics: 'GET /runs/{run}/tasks/{node}/metrics',
    compare_output: 'GET /runs/{run}/tasks/{node}/outputs/{output}/compare',
    surroundings: 'GET /runs/{run}/tasks/{node}/surroundings',
    undeclared: 'GET /runs/{run}/tasks/{node}/undeclared',
    usage: 'GET /runs/{run}/tasks/{node}/usage',
    why: 'GET /runs/{run}/why'
  },
  system: {
    doctor: 'GET /system/doctor',
    gpus: 'GET /system/gpus',
    runtimes: 'GET /system/runtimes',
    spell: 'POST /system/spelling'
  },
  uploads: {
    create: 'POST /uploads',
    get: 'GET /uploads/{upload}',
    delete: 'DELETE /uploads/{upload}',
    append: 'PATCH /uploads/{upload}'
  },
  workflows: {
    list: 'GET /workflows',
    check: 'POST /workflows/check',
    example_needs: 'GET /workflows/example',
    create_example: 'POST /workflows/example',
    images: 'GET /workflows/images',
    show: 'GET /workflows/nodes',
    unrun: 'GET /workflows/unrun'
  }
};
