using ConcertDapr.Sidecar.Components;
using Grpc.Core;

namespace ConcertDapr.Sidecar.Api;

/// <summary>Output bindings over any protocol. Throws <see cref="DaprError"/>.</summary>
internal sealed class BindingApi(IReadOnlyDictionary<string, BindingComponent> components)
{
    public async Task<BindingAnswer> InvokeAsync(string name, string operation, ReadOnlyMemory<byte> data,
        IReadOnlyDictionary<string, string> metadata, CancellationToken cancellationToken)
    {
        if (!components.TryGetValue(name, out var component)) throw Failed(name, $"couldn't find output binding {name}", null);
        if (operation.Length == 0) throw Failed(name, "operation field is missing from request", null);
        try
        {
            return await component.InvokeAsync(operation, data, metadata, cancellationToken);
        }
        catch (Exception e) when (StateApi.IsFailure(e, cancellationToken))
        {
            throw Failed(name, e.Message, e);
        }
    }

    private static DaprError Failed(string name, string reason, Exception? inner) =>
        new(500, "ERR_INVOKE_OUTPUT_BINDING", StatusCode.Internal, $"error invoking output binding {name}: {reason}", inner)
        {
            Details = [new ErrorDetail.Info("ERR_INVOKE_OUTPUT_BINDING", null)],
        };
}
