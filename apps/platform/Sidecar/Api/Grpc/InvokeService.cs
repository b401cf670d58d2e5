using System.Globalization;
using ConcertDapr.Sidecar.Invocation;
using ConcertDapr.Wire;
using ConcertDapr.Wire.Runtime;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Verb = ConcertDapr.Wire.Runtime.HTTPExtension.Types.Verb;

namespace ConcertDapr.Sidecar.Api.Grpc;

/// <summary>InvokeService and InvokeBinding: the same calls as over HTTP, the app's status as a gRPC one.</summary>
internal static class InvokeService
{
    /// <summary>daprd cuts an app's error text to this many characters.</summary>
    private const int LongestDetail = 63;

    public static GrpcServer AddInvoke(this GrpcServer server, SidecarRuntime runtime) => server
        .Operation(DaprService.Path("InvokeService"), InvokeServiceRequest.Parser, (request, call) => InvokeAsync(runtime, request, call))
        .Operation(DaprService.Path("InvokeBinding"), InvokeBindingRequest.Parser, async (request, call) =>
        {
            var answer = await runtime.Bindings.InvokeAsync(
                request.Name, request.Operation, request.Data.Memory, request.Metadata.AsReadOnly(), call.Cancellation);
            return new InvokeBindingResponse { Data = ByteString.CopyFrom(answer.Data), Metadata = { answer.Metadata.ToDictionary() } };
        });

    private static async Task<InvokeResponse> InvokeAsync(SidecarRuntime runtime, InvokeServiceRequest request, GrpcCall call)
    {
        var message = request.Message ?? new InvokeRequest();
        var verb = message.HttpExtension?.Verb ?? Verb.None;
        var data = message.Data?.Value ?? ByteString.Empty;
        var query = message.HttpExtension?.Querystring is { Length: > 0 } text ? "?" + text : "";
        using var answer = await runtime.Invoke.InvokeAsync(new InvokeCall(request.Id, new HttpMethod(verb.ToString().ToUpperInvariant()),
            AppPath.Of(message.Method, request.Id), query, Headers(call, message.ContentType), data.IsEmpty ? null : new MemoryStream(data.ToByteArray()),
            data.Length, DaprService.TraceOf(call, runtime)), call.Cancellation);
        var body = await answer.Response.Content.ReadAsByteArrayAsync(call.Cancellation);
        return ToResponse(call.Http.Response, answer.Response, body);
    }

    /// <summary>The metadata of the call that are not gRPC's own, as headers.</summary>
    private static HeaderDictionary Headers(GrpcCall call, string contentType)
    {
        var headers = new HeaderDictionary();
        foreach (var (name, values) in call.Http.Request.Headers)
            if (!name.StartsWith(':') && !name.StartsWith("grpc-", StringComparison.OrdinalIgnoreCase) && name is not ("Content-Type" or "User-Agent"))
                headers[name] = values;
        if (contentType.Length > 0) headers["Content-Type"] = contentType;
        return headers;
    }

    private static InvokeResponse ToResponse(HttpResponse call, HttpResponseMessage answer, byte[] body)
    {
        var status = (int)answer.StatusCode;
        call.Headers["dapr-http-status"] = status.ToString(CultureInfo.InvariantCulture);
        foreach (var (name, values) in answer.Headers.NonValidated)
            if (!InvokeHeaders.IsHopByHop(name) && name is not ("Date" or "Server")) call.Headers[name.ToLowerInvariant()] = values.ToArray();
        if (ToStatus(status) is not StatusCode.OK and var code)
        {
            var (reason, detail) = (ReasonPhrases.GetReasonPhrase(status), System.Text.Encoding.UTF8.GetString(body));
            throw GrpcFraming.Error(code, reason, new Wire.Rpc.ErrorInfo
            {
                Reason = reason,
                Domain = "dapr.io",
                Metadata =
                {
                    ["http.code"] = status.ToString(CultureInfo.InvariantCulture),
                    ["http.error_message"] = detail.Length > LongestDetail ? detail[..LongestDetail] : detail,
                },
            });
        }
        return new InvokeResponse
        {
            Data = new Any { Value = UnsafeByteOperations.UnsafeWrap(body) },
            ContentType = answer.Content.Headers.NonValidated.TryGetValues("Content-Type", out var types) ? types.ToString() : "",
        };
    }

    private static StatusCode ToStatus(int http) => http switch
    {
        >= 200 and < 300 => StatusCode.OK,
        400 => StatusCode.Internal,
        401 => StatusCode.Unauthenticated,
        403 => StatusCode.PermissionDenied,
        404 => StatusCode.NotFound,
        408 => StatusCode.Cancelled,
        409 => StatusCode.AlreadyExists,
        429 => StatusCode.ResourceExhausted,
        501 => StatusCode.Unimplemented,
        503 => StatusCode.Unavailable,
        504 => StatusCode.DeadlineExceeded,
        _ => StatusCode.Unknown,
    };
}
