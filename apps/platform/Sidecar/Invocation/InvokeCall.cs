using ConcertDapr.Sidecar.Api;
using Microsoft.AspNetCore.Http;

namespace ConcertDapr.Sidecar.Invocation;

/// <summary>One service invocation on its way to an app.</summary>
/// <param name="AppId">Target; <c>id.namespace</c> names another namespace.</param>
/// <param name="Path">Path at the app, escaped, beginning with a slash.</param>
/// <param name="Query">With its question mark, or empty.</param>
/// <param name="Body">Null when the caller sends none.</param>
/// <param name="Length">Of the body; null when it is not known (then nothing is repeated).</param>
/// <param name="Attempt">1 for the first; the lines that a hop adds are as many.</param>
internal sealed record InvokeCall(string AppId, HttpMethod Method, string Path, string Query, IHeaderDictionary Headers,
    Stream? Body, long? Length, TraceContext Trace, int Attempt = 1);
