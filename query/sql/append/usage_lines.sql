INSERT INTO usage_lines
SELECT
    tenant_id,
    sequence,
    make_timestamp(occurred_at),
    line,
    usage_id,
    task_id::UUID,
    workflow_instance_id::UUID,
    project_id,
    agent_id,
    skill,
    provider,
    model,
    invocation_id,
    dimension,
    quantity,
    unit_quantity,
    unit_price_micros,
    cost_micros,
    currency,
    price_list,
    price_basis
FROM appender_data;
