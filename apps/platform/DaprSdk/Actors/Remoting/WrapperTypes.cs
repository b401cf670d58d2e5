using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.Serialization;

namespace Dapr.Actors.Remoting;

/// <summary>
/// Makes the classes arguments and results travel in: <c>{Method}ReqBody</c> with a field per argument, and
/// <c>{Method}RespBody</c> with the field <c>retVal</c>. Their names are part of the wire.
/// </summary>
internal static class WrapperTypes
{
    public const string ResultField = "retVal";

    private static readonly ModuleBuilder Module = AssemblyBuilder
        .DefineDynamicAssembly(new AssemblyName("Dapr.Actors.Wrappers"), AssemblyBuilderAccess.Run)
        .DefineDynamicModule("Dapr.Actors.Wrappers");

    private static readonly Lock Gate = new();
    private static int s_count;

    public static Type? OfArguments(MethodInfo method, IReadOnlyList<ParameterInfo> arguments) => arguments.Count == 0
        ? null
        : Create($"{method.Name}ReqBody", [.. arguments.Select(a => (a.Name!, a.ParameterType))]);

    public static Type? OfResult(MethodInfo method) => method.ReturnType.IsGenericType
        ? Create($"{method.Name}RespBody", [(ResultField, method.ReturnType.GenericTypeArguments[0])])
        : null;

    private static Type Create(string name, (string Name, Type Type)[] fields)
    {
        lock (Gate)
        {
            // Each class has a namespace of its own: two interfaces may have methods of the same name.
            var type = Module.DefineType($"W{s_count++}.{name}", TypeAttributes.Public | TypeAttributes.Class);
            type.SetCustomAttribute(Attribute<DataContractAttribute>(nameof(DataContractAttribute.Namespace), "urn:actors"));
            foreach (var field in fields)
                type.DefineField(field.Name, field.Type, FieldAttributes.Public)
                    .SetCustomAttribute(Attribute<DataMemberAttribute>(nameof(DataMemberAttribute.IsRequired), false));
            return type.CreateType();
        }
    }

    private static CustomAttributeBuilder Attribute<T>(string property, object value) => new(
        typeof(T).GetConstructor(Type.EmptyTypes)!, [], [typeof(T).GetProperty(property)!], [value]);
}
