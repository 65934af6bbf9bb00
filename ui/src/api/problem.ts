import type { ProblemBody } from './types'

/** Problem is any answer that is not a success, also "no answer". */
export class Problem extends Error {
  readonly status: number
  readonly key: string
  readonly args: Record<string, string>
  readonly detail: string
  readonly code: number

  constructor(body: ProblemBody) {
    super(body.key ?? body.title ?? String(body.status))
    this.name = 'Problem'
    this.status = body.status
    this.key = body.key ?? ''
    this.args = { ...body.args, ...(body.receipt ? { receipt: body.receipt } : {}) }
    this.detail = body.detail ?? ''
    this.code = body.code ?? 0
  }

  /** unreachable: the server did not answer at all. */
  get unreachable(): boolean {
    return this.status === 0
  }
}

export function asProblem(err: unknown): Problem {
  if (err instanceof Problem) return err
  return new Problem({ status: 0, key: 'network.down' })
}
