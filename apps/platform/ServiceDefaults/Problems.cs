using System.Text.Json;
using System.Text.RegularExpressions;
using ConcertDapr.ServiceDefaults.Logging;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Logging;

namespace ConcertDapr.ServiceDefaults;

/// <summary>Refusals as RFC 9457 ProblemDetails with a stable, machine-readable <c>code</c>.</summary>
public static class Problem
{
    /// <summary>A refusal. <paramref name="field"/> names the offending input where there is one.</summary>
    public static ProblemHttpResult Of(int status, string code, string detail, string? field = null, params (string Name, object? Value)[] more)
    {
        var extensions = new Dictionary<string, object?> { ["code"] = code };
        if (field is not null) extensions["field"] = field;
        foreach (var (name, value) in more) extensions[name] = value;
        return TypedResults.Problem(detail, statusCode: status, extensions: extensions);
    }

    /// <summary>422: understood, and refused for its content.</summary>
    public static ProblemHttpResult Invalid(string field, string detail, string code = "INVALID") =>
        Of(StatusCodes.Status422UnprocessableEntity, code, detail, field);

    /// <summary>404 for something named by the request.</summary>
    public static ProblemHttpResult NotFound(string code, string detail, string? field = null) =>
        Of(StatusCodes.Status404NotFound, code, detail, field);
}

/// <summary>Turns what a handler threw into ProblemDetails: bad input to 4xx with its field, faults to 5xx without their insides.</summary>
internal sealed partial class ProblemWriter(ILogger<ProblemWriter> log) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext context, Exception exception, CancellationToken cancellationToken)
    {
        if (context.RequestAborted.IsCancellationRequested) return true;
        var problem = Map(context, exception);
        if (problem.StatusCode >= 500) log.RequestFailed(exception, context.Request.Method, context.Request.Path, problem.StatusCode);
        await problem.ExecuteAsync(context);
        return true;
    }

    /// <summary>Gives a bare error status (no route, wrong verb, wrong media type) a problem body.</summary>
    public static Task WriteBareStatusAsync(StatusCodeContext context)
    {
        var http = context.HttpContext;
        var (code, detail) = http.Response.StatusCode switch
        {
            404 => ("NOT_FOUND", "There is nothing at this address."),
            405 => ("METHOD_NOT_ALLOWED", "This address does not take this method."),
            415 => ("UNSUPPORTED_MEDIA_TYPE", "Send application/json."),
            401 => ("UNAUTHENTICATED", "A bearer token is required."),
            403 => ("FORBIDDEN", "The caller may not do this."),
            429 => ("TOO_MANY_REQUESTS", "Slow down."),
            var other => ($"HTTP_{other}", "The request was refused."),
        };
        return Problem.Of(http.Response.StatusCode, code, detail).ExecuteAsync(http);
    }

    private static ProblemHttpResult Map(HttpContext context, Exception exception) => exception switch
    {
        BadHttpRequestException { InnerException: JsonException json } => MalformedJson(json),
        BadHttpRequestException { StatusCode: 401 } bad => Problem.Of(401, "UNAUTHENTICATED", bad.Message),
        BadHttpRequestException { StatusCode: 413 } => Problem.Of(413, "TOO_LARGE", "The request body is too large."),
        BadHttpRequestException { StatusCode: 415 } => Problem.Of(415, "UNSUPPORTED_MEDIA_TYPE", "Send application/json."),
        // The gateway reads a body while it sends it on; what was wrong with the reading is not the neighbour's fault.
        HttpRequestException { InnerException: BadHttpRequestException reading } => Map(context, reading),
        BadHttpRequestException bad => Problem.Of(bad.StatusCode, "MALFORMED_REQUEST", "A value could not be read.", FieldOf(bad.Message)),
        HttpRequestException or TimeoutException or Grpc.Core.RpcException or Dapr.DaprException or OperationCanceledException =>
            Unavailable(context),
        Npgsql.NpgsqlException { IsTransient: true } => Unavailable(context),
        _ => Problem.Of(500, "INTERNAL", "The request failed; it was logged."),
    };

    private static ProblemHttpResult Unavailable(HttpContext context)
    {
        context.Response.Headers.RetryAfter = "1";
        return Problem.Of(503, "UNAVAILABLE", "A part of the system cannot answer right now; try again.");
    }

    private static ProblemHttpResult MalformedJson(JsonException json)
    {
        var path = json.Path is { Length: > 2 } p ? p[2..] : null;
        var field = MissingMembers().Match(json.Message) is { Success: true } missing ? missing.Groups[1].Value : path;
        return Problem.Of(400, "MALFORMED_JSON", "The body is not the JSON this address expects.", field ?? "$");
    }

    private static string? FieldOf(string message) => ParameterName().Match(message) is { Success: true } m ? m.Groups[1].Value : null;

    [GeneratedRegex("""including: '([^']+)'""")]
    private static partial Regex MissingMembers();

    [GeneratedRegex("""parameter "[^"]*? ([\w-]+)" (?:from|was not provided)""")]
    private static partial Regex ParameterName();
}
