using System.Text.Json;
using Grpc.Core;

namespace ConcertDapr.Sidecar.Api.Http;

/// <summary><c>/v1.0/bindings/{name}</c>: output bindings.</summary>
internal static class BindingRoutes
{
    public static Task? TryHandle(ApiCall call) => call.IsPostOrPut && call.Path.Count == 3 ? InvokeAsync(call) : null;

    private static async Task InvokeAsync(ApiCall call)
    {
        var (operation, data, metadata) = await ReadAsync(call);
        var answer = await call.Runtime.Bindings.InvokeAsync(call.Path.Text(2), operation, data, metadata, call.Aborted);
        foreach (var (name, value) in answer.Metadata) call.Context.Response.Headers[$"metadata.{name}"] = value;
        if (answer.Data.Length == 0) await Answers.NoContent(call.Context);
        else await Answers.BytesAsync(call.Context, 200, answer.Data);
    }

    private static async Task<(string Operation, ReadOnlyMemory<byte> Data, Dictionary<string, string> Metadata)> ReadAsync(ApiCall call)
    {
        try
        {
            using var document = HttpBody.ParseFirst(await call.ReadBodyAsync());
            var root = document.RootElement;
            var data = root.Field("data");
            // Text goes out as it is, everything else as JSON.
            ReadOnlyMemory<byte> bytes = data.ValueKind switch
            {
                JsonValueKind.Undefined => default,
                JsonValueKind.String => System.Text.Encoding.UTF8.GetBytes(data.GetString()!),
                _ => System.Text.Encoding.UTF8.GetBytes(data.GetRawText()),
            };
            return (root.TextField("operation") ?? "", bytes, root.TextMapField("metadata"));
        }
        catch (Exception e) when (e is JsonException or BodyTooLargeException)
        {
            throw new DaprError(400, "ERR_MALFORMED_REQUEST", StatusCode.InvalidArgument, $"failed deserializing HTTP body: {e.Message}");
        }
    }
}
